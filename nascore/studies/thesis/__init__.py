"""The thesis on DARTS-PT, DrNAS and RANK-NOSH: its experiments and what its notebooks show."""
