"""Questions that are sealed with every scheduled cycle, answered by the market, and scored (see docs/questions.md)."""
