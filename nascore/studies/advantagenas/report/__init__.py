"""What the notebooks show of each AdvantageNAS study, one module each: tables and pictures made from stored rows."""
