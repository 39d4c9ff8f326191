"""Fits the trees of ranking (server/context/src/rank/trees.txt) to what bodies really used.

    cargo bench -p aiex-recall -- --features FEATURES NAME...
    python3 tests/recall/fit.py FEATURES > server/context/src/rank/trees.txt

Needs numpy and scikit-learn. FEATURES has a line of names, then a row of little-endian f32 for each candidate: its
repository, whether it is gold, and its features. With --check, fits without each repository in turn and prints how
well it tells gold from the rest there.
"""

import sys

import numpy
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score


def read(path):
    with open(path, "rb") as file:
        names = file.readline().decode().split()
        rows = numpy.frombuffer(file.read(), "<f4").reshape(-1, 2 + len(names))
    return names, rows[:, 0], rows[:, 1] > 0, rows[:, 2:]


def fit(repository, gold, features):
    # A repository counts as much as the root of its size.
    weight = numpy.zeros(len(gold))
    for one in numpy.unique(repository):
        weight[repository == one] = max(1, gold[repository == one].sum()) ** -0.5
    trees = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=16, learning_rate=0.12, min_samples_leaf=150, l2_regularization=5.0,
        max_bins=64, early_stopping=False, random_state=0)
    return trees.fit(features, gold, sample_weight=weight / weight.mean())


def written(nodes, names, at=0):
    """A tree in preorder: `feature<=threshold` before what is below it, yes before no; `=value` for a leaf."""
    node = nodes[at]
    if node["is_leaf"]:
        return "=%.4f" % node["value"]
    below = [written(nodes, names, node[side]) for side in ("left", "right")]
    return "%s<=%.6g %s" % (names[node["feature_idx"]], node["num_threshold"], " ".join(below))


def main():
    names, repository, gold, features = read(sys.argv[1])
    if "--check" in sys.argv:
        for one in numpy.unique(repository):
            there = repository == one
            trees = fit(repository[~there], gold[~there], features[~there])
            found = average_precision_score(gold[there], trees.decision_function(features[there]))
            print("%d: average precision %.3f" % (one, found))
        return
    trees = fit(repository, gold, features)
    print("=%.4f" % trees._baseline_prediction[0][0])
    for (tree,) in trees._predictors:
        print(written(tree.nodes, names))


main()
