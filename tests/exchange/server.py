"""Start the local exchange by hand: `python tests/exchange/server.py --port 9009`.

It prints the VENUE_URLS to put into the environment. Make a venue misbehave while it runs, and well again:
    curl -d '{"always": {"kind": "status", "status": 451, "on": null}}' http://127.0.0.1:9009/control/kraken
    curl -d '{}' http://127.0.0.1:9009/control/kraken
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange.app import LocalExchange


async def serve(port: int, seed: int) -> None:
    exchange = LocalExchange(seed=seed)
    await exchange.start(port)
    sys.stdout.write(f"VENUE_URLS='{json.dumps(exchange.urls)}'\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await exchange.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="another seed quotes other prices")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.seed))
