"""The explorer: one view of a Run, in a notebook and as one stand-alone page."""
