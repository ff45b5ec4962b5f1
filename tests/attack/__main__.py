"""Attacks dnnctl with damaged specs and stores, links and odd environments.

    PYTHONPATH=tests python -m attack [--count 100] [--only links] [--first 0] [--jobs 2]

Without --count the whole: 10,000 specs, 1,000 stores, 60 trained runs, 216 in 54 environments, 400 folders with links.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from attack.runner import WHOLE, attack_all


def main() -> int:
    """Make the attacks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=0, help="attacks of each kind; 0 for the whole")
    parser.add_argument("--only", choices=list(WHOLE), help="one kind of attack")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chosen = [module for module in WHOLE if options.only in (None, module)]
    wanted = [(module, options.first + n) for module in chosen for n in range(options.count or WHOLE[module])]
    findings = attack_all(wanted, n_workers=options.jobs, report=lambda finding: print(finding, flush=True))
    counts = Counter(module for module, _ in wanted)
    print(f"{', '.join(f'{n:,} {module}' for module, n in counts.items())}: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
