"""What people look at: printable text, CSV, tables, overlay pictures and the HTML report."""
