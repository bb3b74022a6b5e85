"""digits201's recipe: `recipe` (what), `training` (the work), `build` and `card` (the files)."""
