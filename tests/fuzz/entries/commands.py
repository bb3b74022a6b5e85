"""The command line: every command with hostile arguments (nothing is downloaded, nothing is computed)."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import EITHER, REFUSE, Kind

OWNER = "cli"
WORDS = ("''", "' '", "'-1'", "'0'", "'nan'", "'1e3'", "'99999999999999999999'", "'3.5'", "'٣'", "'--help'", "'--'", "'-'", "'a' * 5000",
         "'../..'", "'/'", "'.'", "'\\x01'", "'é'", "'\\udcff'", "'a=b'", "'ganas/'", "'GANAS'", "'*'", "'smoke '", "'true'", "'[1]'", "'{}'",
         "'ganas\\n'", "'nope.ipynb'", "'5000'", "'0x10'", "'1_0'", "'+2'", "'/dev/null/x'", "'/proc/none'", "'tcp://x:99999999'")


class Argument(Kind):
    """Text of the command line; only what is in `good` may pass, where something is."""

    only_extra = True

    def __init__(self, *good, extra=(), strict=True):
        self.good, self.extra, self.strict = good, (*WORDS, *extra), strict

    def _judge(self, value):
        return EITHER if not self.strict or value in (*self.good, "--help", "--") else REFUSE


def option(text, quick=True, **params):
    words = text.replace("'", "").replace(",", "").replace("{", "").replace("}", "")
    entry(f"nascore {words}", OWNER, "command(" + text + ")", weight=0.5, twin=False, quick=quick, **params)


NAME = P(Argument(), "'ptb'", called=("data set", "invalid", "usage", "unrecognized"))
USAGE = ("usage", "invalid", "unrecognized", "expected")
option("'data', 'path', {name}", name=NAME)
option("'data', 'verify', {name}", name=NAME)
option("'data', {action}, 'ptb'", action=P(Argument("list", "path", "verify"), "'path'", called=USAGE))
option("'reproduce', {name}, '--dry-run'", name=P(Argument("", "ganas/", extra=("'ganas'", "'zz/zz'"), strict=False), "'ganas/theory'", called=(*USAGE, "unknown")))
option("'reproduce', 'ganas/02_theory', '--dry-run', '--profile', {profile}", profile=P(Argument("smoke", "laptop", "paper"), "'smoke'", called=USAGE))
option("'reproduce', 'ganas/02_theory', '--dry-run', '--workers', {workers}", workers=P(Argument("+2", "1_0", "٣"), "'1'", called=USAGE))
option("'reproduce', 'ganas/02_theory', '--dry-run', '--backend', {backend}", backend=P(Argument("loky", "dask", "ray"), "'loky'", called=USAGE))
option("'reproduce', 'ganas/02_theory', '--dry-run', '--scheduler', {scheduler}", scheduler=P(Argument(""), "''", called=USAGE))
option("'reproduce', 'ganas/02_theory', '--dry-run', '--output', {output}", output=P(Argument(strict=False), "'out'", called=USAGE))
option("'reproduce', 'ganas/02_theory', '--dry-run', '-p', {parameter}", parameter=P(Argument("delta=1", "table_seed=3", "mode=cached", extra=(
    "'profile=zz'", "'mode=zz'", "'workers=0'", "'profile=paper'", "'mode=cached'", "'delta=1'", "'delta=nan'", "'delta=true'", "'delta=' + '[' * 10**5",
    "'table_seed=-1'", "'table_seed=3'", "'alpha_rank=0'", "'alpha_rank=1' + '0' * 5000", "'alpha_rank=1e400'", "'zz=1'", "'=1'", "'delta'", "'delta=\"1\"'",
    "'rho=null'", "'tables=-1'", "'import=1'", "'tables=1.0'", "'delta=NaN'", "'delta=-Infinity'", "'delta=1e999'")), "'delta=1'",
    called=("usage", "notebook", "parameter", "delta", "table_seed", "alpha_rank", "rho", "tables")))
option("'scoreboard', '--profile', {profile}", quick=False, profile=P(Argument("smoke", "laptop", "paper"), "'paper'", called=USAGE))
option("{command}", quick=False, command=P(Argument(), "'scoreboard'", called=USAGE))
