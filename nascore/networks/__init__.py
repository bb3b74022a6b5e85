"""What can be trained: operations, cells, skeletons, supernets, and many small networks at once."""
