"""Events out of files: judged offline, and sent."""
