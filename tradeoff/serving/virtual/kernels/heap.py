"""A heap of requests ordered by time, then by number."""

from __future__ import annotations


def push(heap_time, heap_number, count, time, number):
    """Put a request into a heap of `count`."""
    at = count
    while at > 0:
        up = (at - 1) >> 1
        if heap_time[up] < time or (heap_time[up] == time and heap_number[up] < number):
            break
        heap_time[at], heap_number[at] = heap_time[up], heap_number[up]
        at = up
    heap_time[at], heap_number[at] = time, number


def pop(heap_time, heap_number, count):
    """Take the first request out of a heap of `count`."""
    last = count - 1
    time, number = heap_time[last], heap_number[last]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= last:
            break
        right = down + 1
        if right < last and (
            heap_time[right] < heap_time[down]
            or (heap_time[right] == heap_time[down] and heap_number[right] < heap_number[down])
        ):
            down = right
        if time < heap_time[down] or (time == heap_time[down] and number < heap_number[down]):
            break
        heap_time[at], heap_number[at] = heap_time[down], heap_number[down]
        at = down
    heap_time[at], heap_number[at] = time, number
