"""The errors that stancelib raises on purpose; everything else is a bug."""

from __future__ import annotations


class StancelibError(Exception):
    """Base class: catch this to catch every error that stancelib raises on purpose."""


class InputError(StancelibError):
    """An article or a label file can't be read; the message names the file and, where there is one, the line."""


class TaxonomyError(StancelibError):
    """A taxonomy file breaks its own rules; the message names the key and what is allowed."""


class TrainingError(StancelibError):
    """The labelled paragraphs can't train a model (too few of a topic, one stance only, …)."""


class ModelFileError(StancelibError):
    """A model file is damaged, foreign or from another format; nothing of it was used."""


class MissingExtraError(StancelibError):
    """An optional package is not installed; the message gives the command that installs it."""
