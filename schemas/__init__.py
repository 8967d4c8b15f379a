"""What crosses a boundary: the contract between the agencies and this product."""
