"""The pure rules: cases as data in `cases/`, properties by hypothesis."""
