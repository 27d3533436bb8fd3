"""Searching for the answer to an objective instead of measuring a whole grid."""

from tradeoff.search.result import SearchResult
from tradeoff.search.search import search

__all__ = ["SearchResult", "search"]
