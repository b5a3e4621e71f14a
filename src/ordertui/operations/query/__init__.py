"""Finding orders: queues, filters, sort order, marks, exports, the timeline of an order."""
