"""What passes of the first two kinds of models give, written to a result by hand."""

from terrazzo.io.results.result_writer import ResultWriter


def write_segments(result, block, ids, graph, unadopted=0):
    figures = graph.ids.size, graph.edges.shape[1], unadopted
    ResultWriter(result).write(block, "superpixels", {"labels": ids, "rows": graph, "figures": figures})


def write_classes(result, block, classes, graph, probabilities, planes=()):
    given = {"classes": classes, "probabilities": planes, "node_probabilities": (graph, probabilities)}
    ResultWriter(result).write(block, "classes", given)


def write_pixel_classes(result, block, classes):
    ResultWriter(result).write(block, "classes", {"classes": classes})


def write_levels(result, tile, step):
    ResultWriter(result).write_levels(tile, step)


def finish(result, figures):
    ResultWriter(result).finish(figures)
