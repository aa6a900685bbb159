"""Names of array types, for annotations only: importing this costs more than labelling an article, so nothing does."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Hashes: TypeAlias = NDArray[np.uint64]
Codes: TypeAlias = NDArray[np.uint32]

__all__ = ["Codes", "Flags", "Floats", "Hashes", "Ints", "NDArray"]
