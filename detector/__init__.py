"""The pipeline from a camera to a case. Importable without torch."""
