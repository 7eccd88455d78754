"""Critics with a value per assistant turn, trained on rows of `assay critic export`."""
