-- Version 22: notes of the operator on orders.
ALTER TABLE operator_facts ADD COLUMN note TEXT;
