"""Decision tables (DMN, single hit): their values, their reader, their checker and the explanation of a result."""
