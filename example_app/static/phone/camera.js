/** Shows the camera and offers a picture of what it sees, again and again, until `stop`. */
const PAUSE = 250; // Milliseconds between two pictures.
const WIDEST = 1280;

export class Camera {
  #video;
  #run = null; // What is under way; a later one, or `stop`, takes its place.

  constructor(video) {
    this.#video = video;
  }

  /** Browsers show a camera to no page that came over plain HTTP from another computer. */
  static get isAvailable() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** Calls `look` with one picture after another, as long as it answers false. */
  async run(look) {
    const run = (this.#run = {});
    const isOver = () => this.#run !== run;
    const video = { facingMode: "environment", width: { ideal: WIDEST } };
    const stream = await navigator.mediaDevices.getUserMedia({ video });
    try {
      if (isOver()) return;
      this.#video.srcObject = stream;
      await this.#video.play();
      while (!isOver()) {
        const picture = await this.#picture();
        if (isOver() || (picture && (await look(picture)))) return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch (error) {
      if (!isOver()) throw error;
    } finally {
      stream.getTracks().forEach((track) => track.stop());
      if (!isOver()) this.stop();
    }
  }

  stop() {
    this.#run = null;
    this.#video.srcObject = null;
  }

  #picture() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width) return null;
    const scale = Math.min(1, WIDEST / width);
    const canvas = document.createElement("canvas");
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.getContext("2d").drawImage(this.#video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  }
}
