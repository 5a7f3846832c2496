"""Covers from nearby, as people photograph them: drawn by casting rays onto one plane, in numpy.

Blender takes ten seconds for a picture, this about one; a plane with relief, wells under it and a
slab upon it are all that a close-up of a cover shows.
"""
