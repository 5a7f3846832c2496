"""The operators' pages: static files of our own, and the routes that only they need."""
