"""Operations: commands that clients were given a 202 for, from their id to their outcome."""
