"""AdvantageNAS: its theory on rewards that can be summed over, and the experiments, one module per table or figure;
`nascore.search.advantagenas.experiments` lists them. The strategy itself is `nascore.search.oneshot.AdvantageNAS`."""
