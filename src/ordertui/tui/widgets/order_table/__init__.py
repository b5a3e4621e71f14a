"""The table of orders: virtual, over a million ids, repainting only the lines that changed."""

from .row_cache import RowSource
from .table import OrderTable

__all__ = ["OrderTable", "RowSource"]
