"""A synthetic world that does the main job of the platform, and checks it."""
