"""The table of orders: virtual, over a million ids, repainting only the lines that changed."""

from .source import RowSource
from .table import OrderTable

__all__ = ["OrderTable", "RowSource"]
