"""The errors that nascore raises on bad input; every message names the value and what is allowed."""


class NascoreError(Exception):
    """Base class: the command line turns each of these into one clear line."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class ArchitectureError(NascoreError, ValueError):
    """A value that is not an architecture of the space it was given to."""


class SettingError(NascoreError, ValueError):
    """A parameter outside what is allowed."""


class Diverged(NascoreError, ArithmeticError):
    """A training whose loss, gradient or architecture parameters are not finite: the run failed, no setting is wrong
    in itself. An Oracle records it as a failed query and goes on."""


class MissingArchitecture(NascoreError, KeyError):
    """An architecture of the space for which the table holds no value."""


class DataError(NascoreError):
    """A data file that is missing, corrupt or cannot be fetched."""


class ResultsError(NascoreError):
    """A stored result that cannot be read or does not fit its experiment."""


def why(error: Exception) -> str:
    """What went wrong in words: the system's for a file that cannot be used, else the error's own."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
