"""What the use cases need from the world, as small as they need it. Adapters keep these; tests keep them in memory."""
