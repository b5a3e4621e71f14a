"""The databases that a store can live in, behind one protocol. Only this package knows a driver."""
