"""Annex 21: insulated windows.

The report prints its equation, (①×②+③×④)×⑤ summed over the patterns of renovation, but neither the electricity ① and
kerosene ③ saved nor the homes ⑤ of each pattern. Nothing can be computed: both figures are `reported` on the page.
"""
