"""How regions hear their neighbours by direction, on DGL or on plain torch."""
