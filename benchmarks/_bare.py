"""A bare FastAPI endpoint that answers a constant, on the settings of `reco-lab serve`: python _bare.py PORT < answer.json"""

import json
import sys

import uvicorn
from fastapi import FastAPI

from reco_lab.api.running import OPTIONS

app = FastAPI()
CONSTANT = json.load(sys.stdin)


@app.get("/ads")
async def ads():  # noqa: ANN202 - bare: FastAPI is not told what comes out
    return CONSTANT


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), **OPTIONS)
