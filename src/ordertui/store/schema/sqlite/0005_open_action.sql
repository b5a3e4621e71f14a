-- Version 5: orders.open_action names the action alone (`cancel`), since orders.state has its state; it was `cancel:held`.
UPDATE orders SET open_action = substr(open_action, 1, instr(open_action, ':') - 1)
  WHERE state IS NOT NULL AND instr(open_action, ':') > 0;
