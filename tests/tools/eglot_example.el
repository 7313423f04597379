;;; eglot_example.el --- Drives the example for Eglot  -*- lexical-binding: t; -*-

;; emacs --batch -L clients/examples/emacs -l tests/tools/eglot_example.el
;; Prints one JSON object per step. The program is the first `codex-account-manager' of PATH.

(package-initialize)
(require 'json)
(require 'codex-accounts-eglot)

(defun say (step value)
  (princ (concat (json-encode `((step . ,step) (value . ,value))) "\n")))

(defun labels ()
  (mapcar (lambda (account) (plist-get account :label))
          (plist-get (openai-accounts-request :accounts/list) :accounts)))


(defun head ()
  "Where the table is looked at, in its buffer and in its window, after it was left at its end."
  (with-current-buffer "*OpenAI accounts*"
    (set-window-point (get-buffer-window) (goto-char (point-max))))
  (openai-accounts)
  (with-current-buffer "*OpenAI accounts*"
    (vector (point) (window-point (get-buffer-window)) (window-start (get-buffer-window)))))

(say "missing" (condition-case problem
                   (let ((openai-accounts-program '("~/no-such-program" "sidecar")))
                     (openai-accounts-request :accounts/list))
                 (user-error (cadr problem))))
;; As in an Emacs that a desktop started.
(let ((programs (car exec-path))
      (openai-accounts-folders '("~/none" "~/programs")))
  (make-symbolic-link programs (expand-file-name "~/programs"))
  (setq exec-path (cdr exec-path))
  (say "found" (openai-accounts--find "codex-account-manager"))
  (say "home" (openai-accounts--find "~/programs/codex-account-manager"))
  (say "labels" (labels))
  (push programs exec-path))
(openai-accounts)
(say "table" (with-current-buffer "*OpenAI accounts*" (buffer-string)))
(say "head" (head))
(say "switch" (openai-accounts-switch "2"))
(setenv "NO_PROXY" "example.com, localhost")
(setenv "no_proxy" nil)
(let ((environment (openai-accounts-environment)))
  (say "environment" (mapcar (lambda (variable) (car (split-string variable "="))) environment))
  (say "no proxy" (vconcat (nthcdr 2 environment))))
(setenv "no_proxy" "example.org")
(say "other no_proxy" (car (last (openai-accounts-environment))))
(with-temp-buffer
  (say "managed" (and (eglot-managed-p) t)))
(say "refused" (condition-case problem
                   (openai-accounts-switch "nobody")
                 (jsonrpc-error (alist-get 'jsonrpc-error-message (cdr problem)))))
(let ((process (jsonrpc--process (openai-accounts--server))))
  (openai-accounts-stop)
  (say "ended" (not (process-live-p process))))
(say "again" (labels))
(openai-accounts-stop)
