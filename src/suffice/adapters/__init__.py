"""The world behind the ports: files, providers, storage."""
