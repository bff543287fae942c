"""Fast reactor (chapter 4.3.2-14): every figure is printed without arithmetic."""
