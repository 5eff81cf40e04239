"""Which models are issued in every cycle, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from btcforecast.store.forecasts import Role


@dataclass(frozen=True, slots=True)
class Roles:
    """The models of every cycle. One that is named in several roles counts in the first of champion, fallback, challenger, baseline.

    fallback: stands in for the champion; None for none. The champion may be its own fallback; then nothing stands in for it.
    """

    champion: str
    baselines: tuple[str, ...] = ()
    fallback: str | None = None
    challengers: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Return all models, each once, the champion first."""
        fallback = () if self.fallback is None else (self.fallback,)
        return tuple(dict.fromkeys((self.champion, *fallback, *self.challengers, *self.baselines)))

    @property
    def stand_in(self) -> str | None:
        """Return the model that is served when the champion is not, or None where there is no other."""
        return None if self.fallback == self.champion else self.fallback

    def of(self, model: str) -> Role:
        """Return the model's role."""
        if model == self.champion:
            return Role.CHAMPION
        if model == self.fallback:
            return Role.FALLBACK
        return Role.CHALLENGER if model in self.challengers else Role.BASELINE

    def under(self, champion: str, *, shadowed: tuple[str, ...] = ()) -> Roles:
        """Return the roles when another model is champion; the one that was goes on as a challenger, and so do those shadowed."""
        former = tuple(name for name in dict.fromkeys((*shadowed, self.champion)) if name != champion)
        return Roles(champion, self.baselines, self.fallback, tuple(dict.fromkeys((*former, *self.challengers))))
