"""Where Lambda's events end: HTTP, queues and streams in, use cases called, answers and log lines out."""
