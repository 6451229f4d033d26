# Two stages: a static binary, then an image that holds nothing else. The binary
# is its own health check, so that the image needs neither shell nor curl.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /faultline ./cmd/faultline
# The state directory is made here, as distroless has no mkdir: a volume that is
# mounted on it takes its owner over.
RUN install -d -o 65532 -g 65532 -m 0700 /state

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /faultline /faultline
COPY --from=build --chown=65532:65532 /state /state
ENV FAULTLINE_LISTEN=:8080 \
    FAULTLINE_STATE_DIR=/state
USER 65532:65532
EXPOSE 8080
VOLUME /state
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/faultline", "healthcheck"]
ENTRYPOINT ["/faultline"]
CMD ["serve"]
LABEL org.opencontainers.image.title="Faultline" \
      org.opencontainers.image.description="Names the shared infrastructure that is down, and what it took down" \
      org.opencontainers.image.licenses="Apache-2.0"
