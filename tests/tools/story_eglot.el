;;; story_eglot.el --- The story that every client plays, with the example for Eglot  -*- lexical-binding: t; -*-

;; emacs --batch -L clients/examples/emacs -l tests/tools/story_eglot.el
;; Takes the program from CAM_BINARY; prints `story: done' and exits 0 when every step went as it has to.

(package-initialize)
(require 'cl-lib)
(require 'codex-accounts-eglot)
(setq openai-accounts-program (list (getenv "CAM_BINARY") "sidecar" "--stdio"))

(defvar told nil "The params of the last notification of each method.")

(cl-defmethod eglot-handle-notification ((_server openai-accounts-server) method &rest params)
  (setf (alist-get method told) params))

(defun wait-for (method)
  (with-timeout (30 (error "No `%s' came" method))
    (while (not (alist-get method told))
      (accept-process-output nil 0.01)))
  (alist-get method told))

(defun post-response (proxy)
  (with-temp-buffer
    (call-process "curl" nil t nil "--silent" "--noproxy" "*" "--max-time" "30" "--output" "/dev/null"
                  "--write-out" "%{http_code}"
                  "--header" (concat "Authorization: Bearer " (plist-get proxy :apiKey))
                  "--json" "{\"model\":\"gpt-5.2\",\"input\":\"say hi\"}"
                  (concat (plist-get proxy :baseUrl) "/responses"))
    (buffer-string)))

(openai-accounts-start)
(wait-for 'proxy/ready)
(cl-assert (= 3 (length (plist-get (openai-accounts-request :accounts/list eglot--{}) :accounts))))
(cl-assert (string-prefix-p "OpenAI Accounts (3):" (openai-accounts--command "openai-accounts")))
(cl-assert (= 2 (plist-get (plist-get (openai-accounts-request :accounts/switch '(:account 2)) :account) :index)))
(let ((proxy (openai-accounts-proxy)))
  (cl-assert (equal "200" (post-response proxy))))
(cl-assert (= 200 (plist-get (wait-for 'routing/didFinish) :status)))
(let* ((login (openai-accounts-request :accounts/login '(:method "device")))
       (end (wait-for 'accounts/didLogin)))
  (cl-assert (plist-get login :userCode) t)
  (cl-assert (equal (plist-get login :loginId) (plist-get end :loginId)) t)
  (cl-assert (plist-get end :account) t))
(cl-assert (= 4 (plist-get (plist-get (openai-accounts-request :status/read eglot--{}) :accounts) :total)))
(cl-assert (equal "Invalid account number: 9\nValid range: 1-4" (openai-accounts--command "openai-accounts-switch" "9")))
(openai-accounts-stop)
(princ "story: done\n")
