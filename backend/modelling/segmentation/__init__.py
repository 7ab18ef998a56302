"""Segments: anchored clusters whose ids keep their meaning for ever."""
