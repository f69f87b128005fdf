"""The command line: one module per noun, one printer. It builds everything and hands it on; it decides nothing."""
