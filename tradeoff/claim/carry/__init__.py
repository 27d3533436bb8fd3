"""How a claim travels inside a file: one module a format, each with ``put`` and ``take``.

``put(content, block)`` returns the file's bytes with the claim inside; ``take(content)`` gives back the claim's text
and the file as it was without it, or None where there is none. Block and rest together are the whole file, so that
the hash of the rest, which the block holds, notices every other change.
"""
