"""A server that is somebody else's: who asks it, on time, and what became of each request."""
