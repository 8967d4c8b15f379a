"""Who is told, and what of it they may see: recipient x purpose, default deny."""
