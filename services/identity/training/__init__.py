"""The matcher's weights estimated and judged, offline; nothing of it runs in the stream."""
