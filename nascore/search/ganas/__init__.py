"""GA-NAS: the generator and its discriminator as a query-based search (`ganas`), and without one (`rlnas`)."""
