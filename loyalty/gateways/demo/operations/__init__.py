"""The main job of the platform, done over HTTP as any caller would, and checked step by step."""
