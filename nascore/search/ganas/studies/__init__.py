"""The experiments of GA-NAS, one module per table or figure; `nascore.search.ganas.experiments` lists them."""
