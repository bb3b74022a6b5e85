"""What the GenNAS notebooks show of rows and tasks."""
