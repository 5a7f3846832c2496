"""Drone flights: pictures put on the ground, compared with an earlier flight."""
