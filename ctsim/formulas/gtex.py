"""GteX (chapter 4.3.2-11): every figure is a reference figure printed without arithmetic."""
