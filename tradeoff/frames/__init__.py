"""The two frames, ``points`` and ``samples``, and the Run that holds them."""
